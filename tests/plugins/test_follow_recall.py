"""A sampler that follows the model's running recall (after Tian et al. 2022)."""

from dataclasses import dataclass

import torch
from paper import FollowRecall
from toy_run import train

from ablate.api import Labels, LabelStats, Strategy

ASKED = []


@dataclass(frozen=True)
class Watched(FollowRecall):
    """Keeps what it was told and what it answered."""

    source = "a test"

    def weights(self, labels, stats):
        answer = super().weights(labels, stats)
        ASKED.append((stats.progress, stats.running_recall.clone(), answer))
        return answer


def asked(setting):
    ASKED.clear()
    outcome = train(Strategy("watched", sampler=Watched()), setting)
    return outcome, list(ASKED)


def test_a_document_is_drawn_by_its_most_missed_label():
    labels = Labels.from_lists([[], [0], [1], [0, 1]], 2)
    stats = LabelStats(torch.tensor([2.0, 2.0]), 4, running_recall=torch.tensor([0.75, 0.25]))
    # 1 for no label; 1 + 2 * .25; 1 + 2 * .75; the larger of the two
    assert FollowRecall(strength=2.0).weights(labels, stats).tolist() == [1.0, 1.5, 2.5, 2.5]


def test_strength_0_is_the_shuffle():
    labels = Labels.from_lists([[], [0], [1]], 2)
    weights = FollowRecall(strength=0.0).weights(labels, LabelStats(torch.tensor([1.0, 1.0]), 3))
    assert weights.tolist() == [1.0, 1.0, 1.0]


def test_it_is_asked_again_at_each_evaluation_point_and_answers_anew(setting):
    _, calls = asked(setting)
    # once for the prior that it draws, once before the first step, then at each of 25 evaluation points
    assert len(calls) == 27
    assert not calls[0][1].any()
    later = [progress for progress, _, _ in calls[1:]]
    assert later == sorted(later)
    assert len({tuple(answer.tolist()) for _, _, answer in calls}) > 5


def test_documents_of_labels_that_are_recalled_are_drawn_less_in_the_end(setting):
    _, calls = asked(setting)
    (_, _, first), (_, recall, last) = calls[0], calls[-1]
    easy, hard = int(recall.argmax()), int(recall.argmin())
    assert recall[easy] > 0.8
    assert recall[hard] < recall[easy]
    carried = torch.from_numpy(setting.prepared.labels["train"].dense()) > 0
    only_easy = carried[:, easy] & (carried.sum(1) == 1)
    assert (last[only_easy] < first[only_easy]).all()
    torch.testing.assert_close(last[carried[:, hard]], (1 + 2 * (1 - recall[hard])).expand(int(carried[:, hard].sum())))


def test_what_is_drawn_changes_with_the_weights(setting):
    followed, _ = asked(setting)
    plain = train(Strategy("plain"), setting)
    share = followed.drawn / followed.drawn.sum() - plain.drawn / plain.drawn.sum()
    rarest = int(setting.prepared.labels["train"].counts().argmin())
    assert share[rarest] > 0
