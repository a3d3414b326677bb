/**
 * The flags that the product runs with, for a process that is to run the backend. Once more and not by import: scripts/bootstrap.mjs
 * has to stand alone. test/scripts/bootstrap.test.ts holds it to these.
 */
export const NODE_FLAGS = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
