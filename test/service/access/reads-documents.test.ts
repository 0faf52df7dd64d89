import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { homeOfCaller } from '../../../src/app/home-of-caller.ts'
import type { Home } from '../../../src/app/open-home.ts'
import type { TokenScope } from '../../../src/domain/token.ts'
import { exportDocument } from '../../../src/service/documents/export.ts'
import { readUnitHistory } from '../../../src/service/documents/history.ts'
import { listDocuments } from '../../../src/service/documents/list.ts'
import { searchDocuments } from '../../../src/service/documents/search.ts'
import { showDocument } from '../../../src/service/documents/show.ts'
import { openServiceHome, type ServiceHome } from '../../support/service-home.ts'

/** Who may read the documents of a target: one rule, whichever command reads. */

const target = 'nowhere'
const format = { format: 'json', country: 'un', language: 'eng' } as const
const COMMANDS: { [name: string]: (home: Home) => Promise<unknown> } = {
  list: (home) => listDocuments(home, { target }),
  show: (home) => showDocument(home, { target, address: 'C' }),
  history: (home) => readUnitHistory(home, { target, address: 'C' }),
  search: (home) => searchDocuments(home, { target, words: 'water' }),
  export: (home) => exportDocument(home, { target, document: 'C', ...format }),
}

const token = (more: Partial<TokenScope>): TokenScope => ({
  name: 'somebody',
  role: 'viewer',
  machines: null,
  runId: null,
  ...more,
})
/** Callers, and whether they may read. Who may is refused only because the target is not there. */
const CALLERS: [who: string, caller: TokenScope | null, mayRead: boolean][] = [
  ['the owner of the home', null, true],
  ['a viewer of all machines', token({}), true],
  ['an operator of all machines', token({ role: 'operator' }), true],
  ['an admin of all machines', token({ role: 'admin' }), true],
  ['a viewer of cuts', token({ machines: ['cut'] }), true],
  ['an operator of deploys and cuts', token({ role: 'operator', machines: ['deploy', 'cut'] }), true],
  ['a viewer of deploys', token({ machines: ['deploy'] }), false],
  ['an admin of migrations', token({ role: 'admin', machines: ['migrate'] }), false],
  ['a viewer of no machine', token({ machines: [] }), false],
  ['a read-only link', token({ runId: 'cut-20260101T000000Z-00000000' }), false],
  [
    'a link that names cuts, too',
    token({ runId: 'cut-20260101T000000Z-00000000', machines: ['cut'] }),
    false,
  ],
]

describe.each(Object.entries(COMMANDS))('document %s of a target', (_, read) => {
  let at: ServiceHome
  beforeAll(() => {
    at = openServiceHome()
  })
  afterAll(() => at.remove())

  test.each(CALLERS)('by %s', async (_who, caller, mayRead) => {
    const home = homeOfCaller(at.home, { caller }, { onStep: () => {} })
    await expect(read(home)).rejects.toMatchObject({ code: mayRead ? 'TARGET_NOT_FOUND' : 'ACCESS_REFUSED' })
  })
})
