import { openDatabase } from "#backend/database/open-database.ts";

// Started by writer-process.ts: inserts without end and prints what is durable.
const [folder, firstNumber] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: write-until-killed FOLDER [FIRST_NUMBER]");

const database = openDatabase(folder);
await database.setSchema("", [{ name: "rows", indexes: [{ name: "by_n", fields: ["n"] }] }]);
let next = Number(firstNumber ?? 0);
for (;;) {
  const batch: number[] = [];
  let last = 0;
  for (let i = 0; i < 7; i += 1) {
    using tx = database.begin();
    tx.insert("", "rows", { n: next });
    last = tx.commit().ts;
    batch.push(next);
    next += 1;
  }
  // The kill may come at any time: a line is only printed whole, and only after the disk has it all.
  const durable = database.durable(last);
  void durable?.then(() => process.stdout.write(`${batch.join(" ")}\n`));
  if (next % 5 === 0) await durable;
  else await new Promise(setImmediate);
}
