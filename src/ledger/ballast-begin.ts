/** How a ballast begins, so that it is told from somebody's own file of that name. */
export const BALLAST_BEGIN: Buffer = Buffer.from('qbatch: room for a full disk\n', 'latin1');
