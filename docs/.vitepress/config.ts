import { siteConfig } from "../../infra/site/site-config.ts";

export default siteConfig(process.env);
