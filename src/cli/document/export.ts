import { type Command, Option } from 'commander'
import type { ExportDocumentInput, ExportedDocumentAnswer } from '../../service/documents/export.ts'
import { printAnswer, printWarnings } from '../answers.ts'
import { dayOf, matching } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { readOutput } from '../output.ts'
import { inHome } from '../session.ts'

type Options = GlobalOptions & Omit<ExportDocumentInput, 'file' | 'out'> & { out?: string }

const JSON_SHAPE = `
With --out, --json prints { document, format, file, bytes, sha256, units, sourceVersionId, inForce, notes }; without it, content
takes the place of file. --format json is { type: "cutter.document/v1", document, sourceVersionId, sha256, bytes, profile, stored,
records: [{ kind, level, number, address, heading, status, parent, start, end, sha256, text, unit }] }: the texts, one after the
other, are the source, byte for byte. In Akoma Ntoso eId and wId follow its naming convention; GUID is the unit's permanent id. A source in Akoma Ntoso is exported as it is.
Front matter names country, language, date, published, commences, eli and ecli. CUTTER_AKN_XSD names the official schema, an absolute path, by which xmllint checks the
export; without it a subset of the schema does. A note says which ran.`

/**
 * `cutter document export`: hands a document to other systems, from a file or from the units of a target. Without `--out` stdout has the
 * content and nothing else. What the format can't express is a warning on stderr.
 */
export function defineExport(group: Command): void {
  defineCommand(
    group,
    'export',
    'export a document in another format: a file, or what a target holds of --document',
    'cutter document export --document ICX-CONST --format akn --out icx-const.xml',
  )
    .argument('[file]', 'UTF-8 text; without it: the units of --document in the target')
    .addOption(
      new Option('--format <format>', 'Akoma Ntoso 3 XML, lossless JSON, or Markdown')
        .choices(['akn', 'json', 'markdown'])
        .makeOptionMandatory(),
    )
    .option(
      '--document <id>',
      'the document; for a file: the id that addresses begin with (default: from its name)',
    )
    .option('--target <name>', 'the database that holds it, by its name in cutter.yaml', 'embedded')
    .option('--source-version <id>', 'the source version to export (default: the newest in force)')
    .option('--profile <name>', 'the profile to read the text with (default: detected)')
    .option('--out <file>', 'the file to write; it must not exist yet (default, and -: stdout)')
    .addOption(
      new Option('--country <code>', 'for Akoma Ntoso, e.g. vn')
        .default('xx')
        .argParser(matching(/^[a-z]{2}$/, 'two small letters, such as vn')),
    )
    .addOption(
      new Option('--language <code>', 'for Akoma Ntoso, e.g. vie')
        .default('und')
        .argParser(matching(/^[a-z]{3}$/, 'three small letters, such as vie')),
    )
    .addOption(new Option('--date <date>', 'for Akoma Ntoso: the work’s date').argParser(dayOf))
    .addHelpText('after', JSON_SHAPE)
    .action(action(exportIt))
}

function exportIt(file: string | undefined, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { exportDocument } = await import('../../service/documents/export.ts')
    const { document, format, target, sourceVersion, profile, country, language, date } = options
    const out = options.out === undefined || options.out === '-' ? undefined : readOutput(io, options.out)
    const wanted = { document, format, target, sourceVersion, profile, out, country, language, date }
    const answer = await exportDocument(home, { file, ...wanted })
    printExport(io, answer.file === undefined ? answer : { ...answer, file: options.out! })
    return 0
  })
}

function printExport(io: Io, answer: ExportedDocumentAnswer): void {
  if (!io.json) printWarnings(io, answer.notes)
  // The content goes to a file or pipe as it is, without a newline of Cutter's own.
  if (!io.json && answer.content !== undefined) io.outExactly(answer.content)
  else {
    printAnswer(io, answer, () => [
      `document  ${answer.document}, ${answer.units} units`,
      `written   ${answer.file}: ${answer.bytes} bytes, sha256 ${answer.sha256}`,
    ])
  }
}
