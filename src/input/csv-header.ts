/** A name of a column, in quotes or not: no blanks, of which prose between commas has some. */
const NAME = String.raw`(?:[\p{L}_][\p{L}\p{N}_.:-]*|"[\p{L}_][\p{L}\p{N}_.: -]*")`;
const CSV_HEADER = new RegExp(`^${NAME}(?:,${NAME})+$`, 'u');
const TSV_HEADER = new RegExp(`^${NAME}(?:\t${NAME})+$`, 'u');
/** No header is longer; nobody looks through the line of an input that is one line. */
const CHARACTERS_MAX = 4096;

/** What an input whose first line holds the names of columns is, and how to make lines of it; null: it is none. */
export function csvHint(firstLine: string): string | null {
  if (firstLine.length > CHARACTERS_MAX) return null;
  const text = firstLine.trim();
  if (CSV_HEADER.test(text)) return hintOf('a CSV', '');
  return TSV_HEADER.test(text) ? hintOf('a tab-separated', String.raw`, delimiter="\t"`) : null;
}

function hintOf(kind: string, more: string): string {
  const rows = `csv.DictReader(open("FILE", encoding="utf-8-sig")${more})`;
  return `it looks like the header of ${kind} file; a line is one JSON object {...}: of columns named custom_id and prompt, python3 -c 'import csv, json; [print(json.dumps(row)) for row in ${rows}]' makes such lines`;
}
