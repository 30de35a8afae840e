import type { RankerOperations } from "shared/api/operations";
import type {
  ChangedEntry,
  ErasedPlayer,
  GivenPassword,
  PlayerVisibility,
  RemovedEntry,
  RenamedPlayer,
} from "shared/api/players";
import { jsonReply, type Reply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import { clientNetworks } from "../accounts/client-networks.ts";
import type { ChangePasswords } from "../accounts/passwords/change-passwords.ts";
import type { ChangeEntry } from "../players/change-entry.ts";
import type { ErasePlayer } from "../players/erase-player.ts";
import type { Players } from "../players/players.ts";
import type { RenamePlayer } from "../players/rename-player.ts";
import type { SetVisibility } from "../players/set-visibility.ts";
import type { WriteForPlayer } from "../players/write-for-player.ts";
import { toSubmission } from "../writes/submission.ts";
import { toScoreReply } from "./scores.ts";
import type { ToRoute } from "./to-route.ts";

export interface PlayerRouteDeps {
  players: Players;
  erasePlayer: ErasePlayer;
  renamePlayer: RenamePlayer;
  setVisibility: SetVisibility;
  writeForPlayer: WriteForPlayer;
  changeEntry: ChangeEntry;
  changePasswords: ChangePasswords;
}

/** `/players/:userId…`: what operators do to players, or for them. */
export function playerRoutes(
  operations: RankerOperations,
  toRoute: ToRoute,
  { players, erasePlayer, renamePlayer, setVisibility, writeForPlayer, changeEntry, changePasswords }: PlayerRouteDeps,
): Record<
  | "playerRecord"
  | "erasePlayer"
  | "hidePlayer"
  | "unhidePlayer"
  | "renamePlayer"
  | "resetPassword"
  | "changeEntry"
  | "removeEntry"
  | "writeScore",
  Route
> {
  async function show(userId: string, visibility: "hidden" | "shown"): Promise<Reply> {
    const identity = await players.find(userId);
    const hidden = visibility === "hidden";
    const boards = await setVisibility(identity, { hidden });
    const answer: PlayerVisibility = { user_id: identity.userId, hidden, boards };
    return jsonReply(answer);
  }

  return {
    playerRecord: toRoute(operations.playerRecord, async ({ params, query }) =>
      jsonReply(await players.read(params.userId, query)),
    ),
    erasePlayer: toRoute(operations.erasePlayer, async ({ params: { userId } }) => {
      const erased: ErasedPlayer = { user_id: userId, ...(await erasePlayer(userId)) };
      return jsonReply(erased);
    }),
    hidePlayer: toRoute(operations.hidePlayer, ({ params }) => show(params.userId, "hidden")),
    unhidePlayer: toRoute(operations.unhidePlayer, ({ params }) => show(params.userId, "shown")),
    renamePlayer: toRoute(operations.renamePlayer, async ({ params: { userId: user_id }, body: { name } }) => {
      const boards = await renamePlayer(await players.find(user_id), name);
      const renamed: RenamedPlayer = { user_id, name, boards };
      return jsonReply(renamed);
    }),
    resetPassword: toRoute(operations.resetPassword, async ({ params: { userId: user_id }, incoming }) => {
      const given: GivenPassword = {
        user_id,
        password: await changePasswords.reset(user_id, clientNetworks(incoming)),
      };
      return jsonReply(given);
    }),
    changeEntry: toRoute(operations.changeEntry, async ({ params: { userId, board }, body }) => {
      const { name, metadata, season: given } = body;
      const season = await changeEntry({ userId, board, season: given }, { act: "edit", name, metadata });
      const changed: ChangedEntry = { user_id: userId, board };
      if (season > 0) changed.season = season;
      if (name !== undefined) changed.name = name;
      if (metadata !== undefined) changed.metadata = metadata;
      return jsonReply(changed);
    }),
    removeEntry: toRoute(operations.removeEntry, async ({ params: { userId, board }, query }) => {
      const season = await changeEntry({ userId, board, season: query.season }, { act: "remove" });
      const removed: RemovedEntry = { user_id: userId, board, removed: true };
      if (season > 0) removed.season = season;
      return jsonReply(removed);
    }),
    writeScore: toRoute(operations.writeScore, async ({ caller, params, body, idempotencyKey }) => {
      const player = { userId: params.userId, region: body.region, name: body.name };
      const submission = { ...toSubmission(body), idempotencyKey };
      const submitted = await writeForPlayer(caller, player, submission);
      return toScoreReply(submitted, body.operation === "create" ? 201 : 200);
    }),
  };
}
