/**
 * A text to begin with, written for this page: short lines with a rhythm, so that a small model shows early what it
 * learns.
 */
export const corpus = `The rain came down upon the town,
the wind went round the wall,
and all the leaves of red and brown
ran down the road in fall.

The baker lit his oven low
before the sun was up,
and set the loaves out in a row
and tea into a cup.

The miller woke and heard the mill,
the water and the wheel,
it turned and turned and was not still
and ground the grain to meal.

The ferryman across the stream
looked out into the grey,
he saw the early lanterns gleam
and rowed the night away.

The children came along the lane
with stones inside their shoes,
they counted every drop of rain
and told each other news.

The farmer drove his cattle home
when evening closed the day,
the moon came up, a silver comb,
and combed the clouds away.

The teacher wrote upon the board
the names of all the seas,
and one small boy was very bored
and listened to the bees.

The sailor sang about the shore
that he had left behind,
the harbour and the painted door,
the people who were kind.

The snow came down upon the town,
the wind went round the wall,
and white was every roof of brown
and there was peace in all.
`;
