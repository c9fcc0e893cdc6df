/** A column name, quoted or not: without spaces, which distinguish prose with commas. */
const NAME = String.raw`(?:[\p{L}_][\p{L}\p{N}_.:-]*|"[\p{L}_][\p{L}\p{N}_.: -]*")`;
/** Separator, name of such a file, and the extra argument for Python's reader. */
const KINDS = [
  [',', 'a CSV', ''],
  ['\t', 'a tab-separated', String.raw`, delimiter="\t"`],
  [';', 'a semicolon-separated', ', delimiter=";"'],
].map(([separator = '', kind = '', more = '']) => ({
  header: new RegExp(`^${NAME}(?:${separator}${NAME})+$`, 'u'),
  kind,
  more,
}));
/** A single word may be text; these are usual names for a column of prompts. */
const ONE_COLUMN =
  /^"?(?:custom_id|id|prompts?|questions?|query|text|content|input|instruction|提示词?|问题|内容|文本)"?$/i;
/** No header is longer; avoids scanning an input that is one long line. */
const CHARACTERS_MAX = 4096;

/** Describes an input whose first line is a column header, and how to convert it; null: it is not one. */
export function csvHint(firstLine: string): string | null {
  // Excel on a Mac may end lines with a lone CR: then the whole file is one line.
  const [header = ''] = firstLine.slice(0, CHARACTERS_MAX + 1).split('\r', 1);
  if (header.length > CHARACTERS_MAX) return null;
  const text = header.trim();
  if (ONE_COLUMN.test(text)) return hintOf('a CSV', '');
  const found = KINDS.find(({ header }) => header.test(text));
  return found === undefined ? null : hintOf(found.kind, found.more);
}

function hintOf(kind: string, more: string): string {
  const rows = `csv.DictReader(open(0, encoding="utf-8-sig")${more})`;
  return `it looks like the header of ${kind} file; a line must be one JSON object {...}; to convert columns named custom_id and prompt: python3 -c 'import csv, json; [print(json.dumps(row)) for row in ${rows}]' < FILE`;
}
