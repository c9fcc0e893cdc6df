/** A data URI of the head of a PNG image of this size in pixels; it has no picture behind it. */
export function pngOf(width: number, height: number): string {
  const head = Buffer.alloc(33);
  head.write('89504e470d0a1a0a0000000d49484452', 'hex');
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return `data:image/png;base64,${head.toString('base64')}`;
}
