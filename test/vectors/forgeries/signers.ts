import { computeFingerprint } from '../../../src/approvals/openssh/allowed-signers.ts'
import type { Forgery, Good } from './forgery.ts'

/** Files of checkers: allowed_signers and revoked keys. */
export async function signerForgeries({ at, tar: good, instance }: Good): Promise<Forgery[]> {
  const alice = at.keys.publicKey('alice')
  const mallory = at.keys.publicKey('mallory')
  const lists: [string, string, 0 | 1][] = [
    ['a star', `* ${alice}\n`, 1],
    ['a pattern', `alice@* ${alice}\n`, 1],
    ['a question mark', `?lice@example.org ${alice}\n`, 1],
    ['a pattern without this name', `*,!bob@example.org ${alice}\n`, 1],
    ['the name and a pattern', `alice@example.org,* ${alice}\n`, 0],
    ['a pattern and the name', `*,alice@example.org ${alice}\n`, 0],
    ['the name refused', `!alice@example.org,alice@example.org ${alice}\n`, 1],
    ['the name refused after it', `alice@example.org,!alice@example.org ${alice}\n`, 1],
    ['the name refused by a pattern', `alice@example.org,!alice@* ${alice}\n`, 1],
    ['quotes', `"alice@example.org,bob@example.org" ${alice}\n`, 0],
    ['a tab', `alice@example.org\t${alice}\n`, 0],
    ['blanks in front', `  alice@example.org ${alice}\n`, 0],
    ['carriage returns', `alice@example.org ${alice}\r\n`, 0],
    ['a comment', `#alice@example.org ${alice}\n`, 1],
    ['no line end', `alice@example.org ${alice}`, 0],
    ['capitals', `ALICE@EXAMPLE.ORG ${alice}\n`, 1],
    ['a byte order mark', `\ufeffalice@example.org ${alice}\n`, 1],
    ['another key first', `alice@example.org ${mallory}\nalice@example.org ${alice}\n`, 0],
    ['another namespace', `alice@example.org namespaces="git" ${alice}\n`, 1],
    ['a namespace by pattern', `alice@example.org namespaces="cutter.*" ${alice}\n`, 0],
    ['one gate alone', `alice@example.org namespaces="cutter.cut.SG1" ${alice}\n`, 1],
    ['both gates', `alice@example.org namespaces="cutter.cut.SG1,cutter.cut.SG2" ${alice}\n`, 0],
    ['an end before the run', `alice@example.org valid-before="20260101" ${alice}\n`, 1],
    ['an end after the run', `alice@example.org valid-before="20270101" ${alice}\n`, 0],
    ['a start after the run', `alice@example.org valid-after="20270101" ${alice}\n`, 1],
    ['a certificate authority', `alice@example.org cert-authority ${alice}\n`, 1],
    ['a pattern first and the name in a second line', `* ${alice}\nalice@example.org ${alice}\n`, 0],
    ['a name with a pattern sign in quotes', `"*@example.org" ${alice}\n`, 1],
    ['an unreadable line first', `x\nalice@example.org ${alice}\n`, 0],
    ['an empty file', '', 1],
  ]
  const rows: Forgery[] = lists.map(([name, text, exit]) => ({
    name: `signers by ${name}`,
    tar: good,
    signers: text,
    exit,
  }))
  const wild = `alice@example.org ${alice}\n`
  rows.push({
    name: 'an instance by pattern',
    tar: good,
    signers: `${wild}cutter-instance@* namespaces="cutter.closeout" ${instance}\n`,
    args: ['--require-trusted'],
    exit: 3,
  })
  rows.push({ name: 'an instance by name', tar: good, args: ['--require-trusted'], exit: 0 })
  const hash = (key: string) => computeFingerprint(key)
  const revoked: [string, string, 0 | 1][] = [
    ['a list', `${alice}\n`, 1],
    ['a list with a comment', `# gone\n${alice} alice of old\n`, 1],
    ['a list without line end', alice, 1],
    ['a list of others', `${mallory}\n`, 0],
    ['a list with carriage returns', `${alice}\r\n`, 1],
    ['an empty list', '', 0],
    ['only the key', `${alice.split(' ')[1]}\n`, 1],
    ['a file that ssh-keygen cannot read', `${hash(alice)}\n`, 1],
  ]
  for (const [name, text, exit] of revoked)
    rows.push({ name: `revoked by ${name}`, tar: good, revoked: text, exit })
  return rows
}
