import { type Command, InvalidArgumentError, Option } from 'commander'
import { defineCommand, type Runner } from '../define-command.ts'

const fitting = (pattern: RegExp, what: string) => (value: string) => {
  if (pattern.test(value)) return value
  throw new InvalidArgumentError(`It must be ${what}.`)
}

export function exportCommand(group: Command, run: Runner): void {
  defineCommand(
    group
      .command('export')
      .description('a document in a format of others: a file, or what a target holds of --document')
      .argument('[file]', 'UTF-8 text; left out: the units of --document in the target'),
    'cutter document export --document ICX-CONST --format akn --out icx-const.xml',
  )
    .addOption(
      new Option('--format <format>', 'Akoma Ntoso 3 XML, lossless JSON, or Markdown')
        .choices(['akn', 'json', 'markdown'])
        .makeOptionMandatory(),
    )
    .option('--document <id>', 'the document; for a file: what addresses begin with (default: from its name)')
    .option('--target <name>', 'database that holds it, by its name in cutter.yaml', 'embedded')
    .option('--source-version <id>', 'the source version to take (default: the newest in force)')
    .option('--profile <name>', 'how the document is written (default: detected)')
    .option('--out <file>', 'the file to write; it must not exist yet (default: stdout)')
    .addOption(
      new Option('--country <code>', 'for Akoma Ntoso, e.g. vn')
        .default('xx')
        .argParser(fitting(/^[a-z]{2}$/, 'two small letters, such as vn')),
    )
    .addOption(
      new Option('--language <code>', 'for Akoma Ntoso, e.g. vie')
        .default('und')
        .argParser(fitting(/^[a-z]{3}$/, 'three small letters, such as vie')),
    )
    .addOption(
      new Option('--date <date>', 'for Akoma Ntoso: the work’s date').argParser(
        fitting(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'a date, such as 2013-11-28'),
      ),
    )
    .addHelpText(
      'after',
      `
With --out, --json answers { document, format, file, bytes, sha256, units, sourceVersionId, inForce, notes }; without it, the same
with content in the place of file. --format json is { type: "cutter.document/v1", document, sourceVersionId, sha256, bytes, profile,
stored, records: [{ kind, level, number, address, heading, status, parent, start, end, sha256, text, unit }] }: the texts, one after
the other, are the source, byte for byte. In Akoma Ntoso eId and wId follow its naming convention; GUID is the unit's permanent id.`,
    )
    .action(run(async (file, options) => (await import('./export.ts')).documentExport(file, options)))
}
