import { EXIT, type ExitCode } from '../errors.ts';
import { scopeOf } from '../models/scope.ts';
import type { Region } from '../settings.ts';
import type { CommandIo } from './io.ts';
import { modelsCommand } from './models.ts';
import { openCatalog } from './run-setup.ts';

/** `qbatch models`: prints the catalog as one region sees it. */
export async function showModelsCommand(
  parsed: {
    pattern: string | undefined;
    region: Region | undefined;
    catalog: string | undefined;
    json: boolean;
  },
  io: CommandIo,
): Promise<ExitCode> {
  const catalog = openCatalog(parsed.catalog);
  const scope = scopeOf(parsed.region ?? 'beijing');
  const pattern = parsed.pattern === undefined ? {} : { pattern: parsed.pattern };
  await io.writeOut(modelsCommand({ ...pattern, json: parsed.json, scope, catalog }));
  return EXIT.ok;
}
