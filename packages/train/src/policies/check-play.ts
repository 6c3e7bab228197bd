import { ArgumentError, checkValue, is } from '@timestep/core';
import type { PolicyEnvironment } from './policy-environment.ts';
import type { Policy } from './policy.ts';

const policyRule = is.like('a policy, such as a RecurrentPolicy', 'step', 'forward', 'parameters');
const actionsRule = is.like('an action space { kind, … }', 'kind');
const environmentRule = is.like('an environment, such as cartPole()', 'observationSize', 'actions', 'reset', 'step');

/**
 * Checks a policy before it is run.
 *
 * @throws ArgumentError for anything but a policy with parameters
 */
export function checkPolicy(where: string, policy: Policy): void {
  checkValue(where, 'policy', policy, policyRule);
  if (policy.parameters().length === 0)
    throw new ArgumentError(`[${where}] the policy has no parameters, so it is on no backend`);
}

/**
 * Checks a policy and the environments that it is to act in.
 *
 * @throws ArgumentError for anything else, and for no environment
 */
export function checkPlay(where: string, policy: Policy, environments: readonly PolicyEnvironment[]): void {
  checkPolicy(where, policy);
  checkValue(where, 'environments', environments, is.arrayOf(environmentRule, 'an array of environments'));
  if (environments.length === 0) throw new ArgumentError(`[${where}] expected at least one environment, got none`);
  environments.forEach(({ actions, observationSize }, i) => {
    checkValue(where, `environments[${i}].observationSize`, observationSize, is.size());
    checkActions(where, `environments[${i}].actions`, actions);
  });
}

/** @throws ArgumentError for anything but a space of actions */
export function checkActions(where: string, name: string, actions: PolicyEnvironment['actions']): void {
  checkValue(where, name, actions, actionsRule);
  checkValue(where, `${name}.kind`, actions.kind, is.oneOf('discrete', 'continuous'));
  const size = actions.kind === 'discrete' ? actions.count : actions.size;
  checkValue(where, `${name}.${actions.kind === 'discrete' ? 'count' : 'size'}`, size, is.size());
}
