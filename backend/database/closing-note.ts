import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

/**
 * The note that a server leaves beside a database which it closed properly: how the file looked then. While the file still looks like
 * that, nobody has touched it, and walking through all of it at the next start, which takes half a minute for a million keys, would
 * find what the last start found. Any other end leaves no note.
 */
export function noteClosed(file: string): void {
  if (existsSync(`${file}-wal`)) return;
  writeFileSync(noteOf(file), lookOf(file));
}

/** Whether the file is as a proper close has left it. */
export function isAsClosed(file: string): boolean {
  try {
    return !existsSync(`${file}-wal`) && readFileSync(noteOf(file), "utf8") === lookOf(file);
  } catch {
    return false;
  }
}

/** To be called before anything is written again. */
export function removeNote(file: string): void {
  rmSync(noteOf(file), { force: true });
}

function noteOf(file: string): string {
  return `${file}.closed`;
}

function lookOf(file: string): string {
  const { size, mtimeNs, ino } = statSync(file, { bigint: true });
  return `${size} ${mtimeNs} ${ino}\n`;
}
