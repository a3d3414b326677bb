/** Calls `work` with 0, 1, 2, … from `width` places at once until it answers false or throws; the first throw is thrown. */
export async function inParallel(width: number, work: (index: number) => Promise<boolean>): Promise<void> {
  let next = 0;
  const place = async () => {
    while (await work(next++));
  };
  await Promise.all(Array.from({ length: width }, place));
}
