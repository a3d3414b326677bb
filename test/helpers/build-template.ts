// Run as a process of its own by template.ts: pushes convex/ into the folder that the command line names, and ends.

import { startLatchkey } from "../../scripts/lib/latchkey.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name the folder");
await using latchkey = await startLatchkey({
  host: "127.0.0.1",
  port: 0,
  dataFolder: folder,
  remote: null,
  app: async () => (_request, response) => void response.end(),
  progress: () => ({ done() {} }),
});
console.log(latchkey.url);
