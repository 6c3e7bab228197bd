/** An ESLint formatter: a line for each finding, with its file. */
export default function lines(results) {
  return results
    .flatMap(({ filePath, messages }) =>
      messages.map(({ line, ruleId, message }) => `${filePath}:${line}: ${message} (${ruleId})`),
    )
    .join('\n');
}
