import type { Files } from '../../../src/bundle/tar.ts'
import { alter, editFile, forge } from '../../bundle/forge-bundle.ts'
import type { Forgery, Good } from './forgery.ts'

/** Forms of a signature that ssh-keygen reads. */
const READ_ALIKE = [
  'a signature in other lines',
  'words after a signature',
  'a second signature in the file',
  'blanks in a signature',
]

/** Files of a bundle in another form than their own. */
export async function textForgeries({ tar: good }: Good): Promise<Forgery[]> {
  const edits: [string, string | RegExp, string | RegExp, string][] = [
    ['a key twice in run.json', 'run.json', '{', '{"format":2,'],
    ['a key twice in genesis.json', 'genesis.json', '"mode":"live"', '"mode":"dry-run","mode":"live"'],
    [
      'a key twice in a statement',
      /^approvals.*json$/,
      '"decision":"approve"',
      '"decision":"reject","decision":"approve"',
    ],
    ['a key twice in an entry', 'history.jsonl', '"by":"engine"', '"by":"alice","by":"engine"'],
    ['a key twice in the closeout', 'closeout.json', '"entries":', '"entries":1,"entries":'],
    ['a key twice in a policy', /^trust.policy/, '"need":1', '"need":9,"need":1'],
    ['a key spelled by an escape', 'run.json', '"mode"', '"m\\u006fde"'],
    ['__proto__ in an event', 'history.jsonl', '"event":{', '"event":{"__proto__":{"type":"APPROVE"},'],
    ['a number beyond all bounds', 'genesis.json', '"input":{', '"input":{"a":1e999,'],
    ['a number of 400 digits', 'genesis.json', '"input":{', `"input":{"a":${'9'.repeat(400)},`],
    ['a number of 5000 digits', 'genesis.json', '"input":{', `"input":{"a":${'9'.repeat(5000)},`],
    ['a deep list', 'genesis.json', '"input":{', `"input":{"a":${'['.repeat(50000)}${']'.repeat(50000)},`],
    ['a truncated run.json', 'run.json', /.{20}$/s, ''],
    ['a truncated history', 'history.jsonl', /.{20}$/s, ''],
    ['a history without its last line end', 'history.jsonl', /\n$/, ''],
    ['an empty line in the history', 'history.jsonl', /\n/, '\n\n'],
    ['a byte order mark', 'run.json', /^/, '\u00ef\u00bb\u00bf'],
    ['bytes that are not UTF-8', 'history.jsonl', '"by":"engine"', '"by":"\u00ff\u00fe"'],
    ['an overlong form of a slash', 'run.json', '"cut"', '"\u00c0\u00afcut"'],
    ['a surrogate as bytes', 'run.json', '"cut"', '"\u00ed\u00a0\u0080"'],
    ['NUL at the end of a file', 'snapshot.json', /$/, '\0'],
    ['words after a signature', /^approvals.*sig$/, /$/, 'x\n'],
    ['a second signature in the file', /^approvals.*sig$/, /^[\s\S]*$/, '$&$&'],
    ['words before a signature', /^approvals.*sig$/, /^/, 'x\n'],
    ['a signature in other lines', /^approvals.*sig$/, /\n(.{10})/, '\n$1\n'],
    ['blanks in a signature', /^approvals.*sig$/, /\n(.{10})/, '\n$1  '],
    ['carriage returns in a signature', /^approvals.*sig$/, /\n/g, '\r\n'],
    ['a closeout signature in other lines', 'closeout.json.sig', /\n(.{10})/, '\n$1\n'],
    ['another name in instance.pub', 'instance.pub', 'quiet', 'loud'],
    ['another word in instance.pub', 'instance.pub', '\n', ' x\n'],
    ['carriage return in instance.pub', 'instance.pub', '\n', '\r\n'],
    ['two lines in instance.pub', 'instance.pub', /^.*\n$/, '$&$&'],
    ['a line of an attacker in VERIFY.md', 'VERIFY.md', /$/, '\n```sh\nid\n```\n'],
    ['a comment in VERIFY.md', 'VERIFY.md', /\n/, '\n<!-- -->\n'],
    ['carriage returns in VERIFY.md', 'VERIFY.md', /\n/g, '\r\n'],
    [
      'the decisions in another order in VERIFY.md',
      'VERIFY.md',
      /(Gate `SG1`[\s\S]*?```\n\n)(Gate `SG2`[\s\S]*?```\n\n)/,
      '$2$1',
    ],
    ['a decision left out of VERIFY.md', 'VERIFY.md', /Gate `SG1`[\s\S]*?```\n\n/, ''],
    ['a decision twice in VERIFY.md', 'VERIFY.md', /(Gate `SG1`[\s\S]*?```\n\n)/, '$1$1'],
  ]
  // The closeout names the bytes of each signature, so an edited one is tried without it.
  const unsealed = await forge(good, (record) => void Object.assign(record, { closeout: null }))
  return Promise.all(
    edits.map(async ([name, file, from, to]) => ({
      name,
      tar: await alter(
        name.includes(' signature') && file instanceof RegExp ? unsealed : good,
        (files: Files) => editFile(files, file, (text) => text.replace(from, to)),
      ),
      exit: (READ_ALIKE.includes(name) ? 0 : 1) as 0 | 1,
    })),
  )
}
