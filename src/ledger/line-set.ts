/** A set of line numbers with one bit per line: 10,000,000 lines take 1.25 MB. */
export class LineSet {
  private bits: Uint8Array = new Uint8Array(1024);
  private members = 0;

  get size(): number {
    return this.members;
  }

  has(lineNo: number): boolean {
    const byte = this.bits[lineNo >>> 3];
    return byte !== undefined && (byte & (1 << (lineNo & 7))) !== 0;
  }

  add(lineNo: number): void {
    const index = lineNo >>> 3;
    if (index >= this.bits.length) {
      const grown = new Uint8Array(Math.max(this.bits.length * 2, index + 1));
      grown.set(this.bits);
      this.bits = grown;
    }
    const byte = this.bits[index] ?? 0;
    const bit = 1 << (lineNo & 7);
    if ((byte & bit) === 0) this.members += 1;
    this.bits[index] = byte | bit;
  }
}
