"""The forward-backward algorithm of connectionist temporal classification, on arrays.

A path through time visits the states blank, label 1, blank, label 2, ..., blank: it stays, goes
on by one, or skips a blank between two different labels. Logarithms of sums over paths are kept
for all sequences and states at once, from the beginning to each time step and from there to the
end. Sequences are rows; states beyond a sequence's own, and time steps beyond its length, hold
-inf or are left as they are.
"""

from __future__ import annotations

import numpy as np


class Alignment:
    """All alignments of label sequences with time.

    Args:
        logs: log-probabilities of shape (T, N, C), as float64.
        rows: labels of shape (N, S), filled up with blanks.
        inputs: how many time steps each sequence has.
        lengths: how many labels each sequence has.
        blank: the class that stands for no label.
    """

    def __init__(
        self,
        logs: np.ndarray,
        rows: np.ndarray,
        inputs: np.ndarray,
        lengths: np.ndarray,
        blank: int,
    ) -> None:
        count = rows.shape[0]
        self.logs = logs
        self.inputs = inputs
        self.last = 2 * lengths  # the last state: the blank after the last label
        self.states = np.full((count, 2 * rows.shape[1] + 1), blank, np.int64)
        self.states[:, 1::2] = rows
        self.skips = np.zeros(self.states.shape, bool)  # whether a path may come from two before
        self.skips[:, 2:] = (self.states[:, 2:] != blank) & (
            self.states[:, 2:] != self.states[:, :-2]
        )
        self.sequences = np.arange(count)
        # (T, N, states): what each state costs at each time.
        self.steps: np.ndarray = np.take_along_axis(logs, self.states[None], 2)

    def forward(self) -> np.ndarray:
        """Sums over paths from the beginning that are in a state at a time, (T, N, states)."""
        sums: np.ndarray = np.full_like(self.steps, -np.inf)
        sums[0, :, :2] = self.steps[0, :, :2]
        for t in range(1, sums.shape[0]):
            before = sums[t - 1]
            np.add(self._arriving(before, self.skips), self.steps[t], sums[t])
        return sums

    def backward(self) -> np.ndarray:
        """Sums over paths from a state at a time to the end, (T, N, states)."""
        sums: np.ndarray = np.full_like(self.steps, -np.inf)
        reversed_skips = self.skips[:, ::-1]
        # Whether one may leave by two is a matter of the state that is reached.
        leaving = np.zeros(self.skips.shape, bool)
        leaving[:, 2:] = reversed_skips[:, :-2]
        for t in reversed(range(sums.shape[0])):
            if t + 1 < sums.shape[0]:
                after = sums[t + 1, :, ::-1]
                sums[t] = self._arriving(after, leaving)[:, ::-1] + self.steps[t]
            ending = self.inputs - 1 == t
            sums[t, ending] = self._ends(ending, t)
        return sums

    def _ends(self, ending: np.ndarray, t: int) -> np.ndarray:
        """States in which a path may end: the last two of each sequence."""
        place, last = np.arange(self.states.shape[1]), self.last[ending, None]
        return np.where((place == last) | (place == last - 1), self.steps[t, ending], -np.inf)

    @staticmethod
    def _arriving(before: np.ndarray, skips: np.ndarray) -> np.ndarray:
        """The sum over the two or three states that lead to each state."""
        sums = before.copy()
        sums[:, 1:] = np.logaddexp(before[:, 1:], before[:, :-1])
        skipping = np.where(skips[:, 2:], before[:, :-2], -np.inf)
        sums[:, 2:] = np.logaddexp(sums[:, 2:], skipping)
        return sums

    def losses(self) -> np.ndarray:
        """The negative log-likelihood of each sequence."""
        return self._losses(self.forward())

    def _losses(self, forward: np.ndarray) -> np.ndarray:
        final = forward[np.maximum(self.inputs - 1, 0), self.sequences]
        ends = final[self.sequences, self.last]
        before = final[self.sequences, np.maximum(self.last - 1, 0)]
        total = np.where(self.last > 0, np.logaddexp(ends, before), ends)
        # No time at all is right for no labels, and for nothing else.
        empty = np.where(self.last == 0, 0.0, -np.inf)
        return -np.where(self.inputs == 0, empty, total)

    def slopes(self, zero_infinity: bool) -> np.ndarray:
        """The gradient of each loss in front of a log-softmax, (T, N, C).

        It is the probability of a class less the share of paths that are in it.
        """
        forward = self.forward()
        losses = self._losses(forward)
        paths = forward + self.backward()  # the state's own step is in both
        possible = paths > -np.inf
        paths -= np.where(possible, self.steps, 0)
        finite = np.isfinite(losses)
        shares = np.exp(np.where(possible, paths + np.where(finite, losses, 0)[:, None], -np.inf))
        length, count, classes = self.logs.shape
        places = (np.arange(length * count).reshape(length, count, 1) * classes) + self.states
        size = length * count * classes
        total = np.bincount(places.reshape(-1), shares.reshape(-1), size).reshape(self.logs.shape)
        slopes = np.exp(self.logs) - total
        if not finite.all():
            slopes[:, ~finite] = 0.0 if zero_infinity else np.nan
        outside = np.arange(length)[:, None] >= self.inputs
        slopes[outside] = 0.0
        return slopes
