/** Arguments to exit code. */
export function loadMain(): Promise<(argv: readonly string[]) => Promise<number>>;
