import { type Command, Option } from 'commander'
import { defineCommand, type Runner, WHY } from '../define-command.ts'

const decisions = () =>
  new Option('--decision <decision>', 'what is decided')
    .choices(['approve', 'reject', 'void'])
    .default('approve')

export function approvalCommands(group: Command, run: Runner): void {
  const verbs = () => import('./statement.ts')
  const statement = (name: string, description: string, example: string) =>
    defineCommand(group.command(name).description(description).argument('<run>'), example)
      .addOption(decisions())
      .option(...WHY, '')
  statement(
    'statement',
    'the bytes to sign, without a final newline',
    'cutter approval statement 0f3a9c1d --as alice@example.org > statement.json',
  )
    .requiredOption('--as <principal>', 'who approves, as listed in allowed_signers')
    .action(run(async (id, options) => (await verbs()).approvalStatement(id, options)))
  statement(
    'sign',
    'sign and keep an approval',
    'cutter approval sign 0f3a9c1d --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .requiredOption('--as <principal>', 'who approves, as listed in allowed_signers')
    .requiredOption('--key <file>', 'private key, or the public one of a key in an agent')
    .action(run(async (id, options) => (await verbs()).approvalSign(id, options)))
  defineCommand(
    group.command('import').description('keep what was signed elsewhere'),
    'cutter approval import --statement statement.json --signature statement.json.sig',
  )
    .requiredOption('--statement <file>', 'the bytes that were signed, as approval statement printed them')
    .requiredOption('--signature <file>', 'what ssh-keygen -Y sign made of them')
    .action(run(async (options) => (await verbs()).approvalImport(options)))
  statement(
    'rehearse',
    'make a rehearsal approval, which counts in dry runs only',
    'cutter approval rehearse 0f3a9c1d',
  )
    .option('--as <principal>', 'label of the approver', 'rehearsal')
    .action(run(async (id, options) => (await verbs()).approvalRehearse(id, options)))
  defineCommand(
    group.command('countersign').description('sign the closeout of a closed run').argument('<run>'),
    'cutter approval countersign 0f3a9c1d --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .requiredOption('--as <principal>', 'who signs, as listed in allowed_signers')
    .requiredOption('--key <file>', 'private key, or the public one of a key in an agent')
    .action(run(async (id, options) => (await import('./countersign.ts')).approvalCountersign(id, options)))
  defineCommand(
    group.command('list').description('approvals, of one run or all').argument('[run]'),
    'cutter approval list',
  ).action(run(async (id, options) => (await verbs()).approvalList(id, options)))
  defineCommand(
    group.command('show').description('one approval with its statement and signature').argument('<approval>'),
    'cutter approval show ap-4f0c…',
  ).action(run(async (id, options) => (await verbs()).approvalShow(id, options)))
}
