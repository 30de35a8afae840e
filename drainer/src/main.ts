import { runService } from "shared/service/service";
import { buildDrainer } from "./build.ts";
import { loadDrainerConfig } from "./config.ts";

await runService(
  () => loadDrainerConfig(process.env),
  async (config, service) => {
    const { fetch, metrics, start } = buildDrainer(config, service);
    service.listen(fetch, { metrics });
    await start();
  },
);
