import os
import time

from leaderboard_client import AuthenticatedClient, Client
from leaderboard_client.api.boards import get_rank, get_top, read_board
from leaderboard_client.api.players import register
from leaderboard_client.api.scores import add_score, submit_score
from leaderboard_client.models import AddScoreBody, GetRankTies, Problem, ProblemCode, RegisterBody, SubmitScoreBody

url = os.environ["LEADERBOARD_URL"]
client = Client(base_url=url)
user_id = f"py-{time.time_ns()}"
session = register.sync(client=client, body=RegisterBody(user_id=user_id, name="Ada", region="EU"))
own = AuthenticatedClient(base_url=url, token=session.token)

entry = submit_score.sync(client=own, body=SubmitScoreBody(score=2**53 - 1))
print(f"submitted {entry.score:.0f}")
rank = get_rank.sync(user_id, client=client, ties=GetRankTies.SHARED)
print(f"rank {rank.rank} of {rank.score:.0f}")
top = get_top.sync(client=client, limit=1)
print(f"top {top.entries[0].score:.0f}")
board = read_board.sync("main", client=client)
print(f"board {board.id}, bounds {'none' if board.bounds is None else 'some'}")
absent = get_rank.sync("nobody", client=client)
assert isinstance(absent, Problem) and absent.code == ProblemCode.NOT_RANKED
print(f"{absent.status} {absent.code}")
beyond = add_score.sync(client=own, body=AddScoreBody(delta=1))
assert isinstance(beyond, Problem)
print(f"{beyond.status} {beyond.code}")
