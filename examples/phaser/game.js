import { createClient } from "leaderboard-client";
import Phaser from "phaser";

const { url } = document.querySelector("#game").dataset;
const leaderboard = createClient({ url });
const ROUND_MS = 3_000;

/** Click as often as you can; then the board shows where that leads. */
class Clicks extends Phaser.Scene {
  create() {
    this.clicks = 0;
    this.label = this.add.text(20, 20, "Click!", { fontSize: "24px" });
    this.input.on("pointerdown", () => this.label.setText(`${++this.clicks} clicks`));
    this.time.delayedCall(ROUND_MS, () => this.end());
  }

  async end() {
    this.input.removeAllListeners();
    try {
      const me = await enter();
      const { score, rank } = await me.submitScore({ score: this.clicks });
      const { entries } = await leaderboard.top({ limit: 5 });
      const rows = entries.map((entry) => `${entry.rank}. ${entry.name}  ${entry.score}`);
      this.label.setText([`${score} clicks: rank ${rank}`, "", ...rows]);
    } catch (error) {
      this.label.setText(error.message);
    }
  }
}

/** This browser's player, who needs no registration. @returns a client with the player's token */
async function enter() {
  const device_id = localStorage.getItem("device") ?? crypto.getRandomValues(new Uint32Array(8)).join("-");
  localStorage.setItem("device", device_id);
  const { token } = await leaderboard.guest({ device_id, name: "Player", region: "EU" });
  return leaderboard.as(token);
}

const game = new Phaser.Game({ type: Phaser.AUTO, parent: "game", width: 480, height: 320, scene: Clicks });
// For tests and the console.
window.game = game;
