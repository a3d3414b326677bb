/** What one query or mutation, nested calls included, may read and write. */
export const LIMITS = {
  rowsRead: 32_000,
  bytesRead: 16 * 1024 * 1024,
  rowsWritten: 16_000,
  bytesWritten: 16 * 1024 * 1024,
  rangesRead: 4096,
  documentBytes: 1024 * 1024,
  argumentBytes: 16 * 1024 * 1024,
  resultBytes: 16 * 1024 * 1024,
  scheduledJobs: 1000,
} as const;

/** Counts the work of one transaction and refuses what would go past `LIMITS`. Sizes are characters of JSON text. */
export class TransactionBudget {
  rowsRead = 0;
  bytesRead = 0;
  rowsWritten = 0;
  bytesWritten = 0;
  rangesRead = 0;
  scheduledJobs = 0;

  countRow(size: number): void {
    this.rowsRead++;
    this.bytesRead += size;
    if (this.rowsRead > LIMITS.rowsRead) {
      throw new Error(
        `Too many documents read in a single function execution (limit: ${LIMITS.rowsRead}). Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.`,
      );
    }
    if (this.bytesRead > LIMITS.bytesRead) {
      throw new Error(
        `Too many bytes read in a single function execution (limit: ${LIMITS.bytesRead} bytes). Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.`,
      );
    }
  }

  countRange(): void {
    if (++this.rangesRead > LIMITS.rangesRead) {
      throw new Error(`Too many reads in a single function execution (limit: ${LIMITS.rangesRead}).`);
    }
  }

  countWrite(size: number): void {
    if (size > LIMITS.documentBytes) {
      throw new Error(`Value is too large (${size} bytes > maximum size ${LIMITS.documentBytes} bytes)`);
    }
    this.rowsWritten++;
    this.bytesWritten += size;
    if (this.rowsWritten > LIMITS.rowsWritten) {
      throw new Error(
        `Too many documents written in a single function execution (limit: ${LIMITS.rowsWritten}). Consider writing in smaller batches.`,
      );
    }
    if (this.bytesWritten > LIMITS.bytesWritten) {
      throw new Error(
        `Too many bytes written in a single function execution (limit: ${LIMITS.bytesWritten} bytes). Consider writing in smaller batches.`,
      );
    }
  }

  countScheduledJob(): void {
    if (++this.scheduledJobs > LIMITS.scheduledJobs) {
      throw new Error(`Too many functions scheduled by this mutation (limit: ${LIMITS.scheduledJobs})`);
    }
  }
}
