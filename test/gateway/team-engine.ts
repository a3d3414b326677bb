import { rm } from "node:fs/promises";
import { updateRunManifest } from "../../scripts/lib/run-manifest.ts";
import { deployOn } from "../convex/engines.ts";
import type { Engine } from "../convex/engines.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { createTeamProject } from "../helpers/team-project.ts";
import { copyTemplate } from "../helpers/template.ts";
import { TEAM_SOURCES, TEAM_TABLES } from "./team-functions.ts";

/** The embedded backend with a team's modules beside Latchkey's own, deployed as `npm start` does it. */
export const teamEngine: Engine = {
  name: "embedded backend with a team's functions",
  async deploy() {
    const dataFolder = await copyTemplate();
    await using project = await createTeamProject(TEAM_SOURCES, TEAM_TABLES);
    await updateRunManifest(project.folder);
    {
      await using latchkey = await startTestLatchkey({ dataFolder, keep: true });
      await project.deploy(latchkey.cli);
    }
    // What was pushed last is noted in the folder, so starting again leaves the team's functions there.
    const deployment = await deployOn(dataFolder);
    return {
      ...deployment,
      async [Symbol.asyncDispose]() {
        await deployment[Symbol.asyncDispose]();
        await rm(dataFolder, { recursive: true, force: true });
      },
    };
  },
};
