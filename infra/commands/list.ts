import type { Environment } from "shared/service/environment";
import { boardCommand } from "./board/board.ts";
import { demoCommand } from "./demo/demo.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { queueCommand } from "./queue.ts";
import { reconcileCommand } from "./reconcile.ts";
import { repartitionCommand } from "./repartition.ts";
import { restoreCommand } from "./restore.ts";
import { seasonCommand } from "./season/season.ts";
import { tokenCommand } from "./token/token.ts";
import { topCommand } from "./top.ts";

/** The part of a command that does not depend on its options. */
export interface ListedCommand {
  readonly name: string;
  readonly about: string;
  /** The commands behind it, of one that has actions. */
  readonly parts?: readonly object[];
  run(args: readonly string[], env: Environment): Promise<number>;
}

/** The commands of `./lb`, in the order of its help. */
export const COMMANDS: readonly ListedCommand[] = [
  demoCommand,
  topCommand,
  boardCommand,
  seasonCommand,
  tokenCommand,
  queueCommand,
  reconcileCommand,
  repartitionCommand,
  restoreCommand,
  exportCommand,
  importCommand,
];
