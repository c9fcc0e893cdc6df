import { EXIT, type ExitCode } from '../errors.ts';
import { scopeOf } from '../models/scope.ts';
import type { Region } from '../settings.ts';
import type { CommandIo } from './io.ts';
import { modelsText } from './models.ts';
import { openCatalog } from './run-setup.ts';

/** `qbatch models`: prints the catalog for one region, or a message on stderr if the list is empty. */
export async function showModelsCommand(
  parsed: {
    pattern: string | undefined;
    region: Region | undefined;
    catalog: string | undefined;
    json: boolean;
  },
  io: CommandIo,
): Promise<ExitCode> {
  const catalog = openCatalog(parsed.catalog, io);
  const scope = scopeOf(parsed.region ?? 'beijing');
  const pattern = parsed.pattern === undefined ? {} : { pattern: parsed.pattern };
  const { text, isEmpty } = modelsText({ ...pattern, json: parsed.json, scope, catalog });
  if (isEmpty) io.writeErr(text);
  else await io.writeOut(text);
  return EXIT.ok;
}
