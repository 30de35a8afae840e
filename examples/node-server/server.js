import { createServer } from "node:http";
import { createClient, LeaderboardError } from "leaderboard-client";

const { LEADERBOARD_URL = "http://127.0.0.1:4000", LEADERBOARD_TOKEN, PORT = "8080" } = process.env;
// A token of an operator with the role writer: ./lb token make game --role writer
const leaderboard = createClient({ url: LEADERBOARD_URL, token: LEADERBOARD_TOKEN });

/**
 * Adds the points of a match, of up to 200 players, to their scores. A repeat, by this process or
 * the next one, counts once, because the keys name the match.
 *
 * @returns the players whose points were refused, and why
 */
async function submitMatch({ id, results }) {
  const items = results.map(({ player, name, region, points }) => ({
    user_id: player,
    name,
    region,
    operation: "add",
    value: points,
    idempotency_key: `match-${id}-${player}`,
  }));
  const written = await leaderboard.submitScores(items, { idempotencyKey: `match-${id}` });
  return written.items.flatMap((item, index) =>
    "code" in item ? [{ player: results[index].player, code: item.code, detail: item.detail }] : [],
  );
}

async function readJson(request) {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) text += piece;
  return JSON.parse(text);
}

createServer(async (request, response) => {
  const answer = (status, body) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  try {
    if (request.method !== "POST" || request.url !== "/matches") return answer(404, { error: "POST /matches" });
    return answer(200, { refused: await submitMatch(await readJson(request)) });
  } catch (error) {
    if (error instanceof LeaderboardError) return answer(502, { code: error.code, detail: error.message });
    return answer(400, { error: String(error) });
  }
}).listen(Number(PORT), "127.0.0.1", function () {
  process.stdout.write(`listening on ${this.address().port}\n`);
});
