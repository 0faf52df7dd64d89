import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openHome } from '../../../src/app/open-home.ts'
import { backUpStore } from '../../../src/service/store/backup.ts'
import { restoreStore } from '../../../src/service/store/restore.ts'
import { createToken } from '../../../src/service/tokens/create.ts'
import { listTokens } from '../../../src/service/tokens/list.ts'
import { revokeToken } from '../../../src/service/tokens/revoke.ts'
import { openServiceHome, type ServiceHome } from '../../support/service-home.ts'

let at: ServiceHome
afterEach(() => at.remove())

test('a restore leaves a token revoked that was revoked after the backup, and keeps one that counts', async () => {
  at = openServiceHome()
  const make = (name: string) => createToken(at.home, { name, role: 'operator', expires: '1d' })
  await make('kept')
  await make('revoked')
  const copy = join(at.home.folder, 'copy.db')
  await backUpStore(at.home, { out: copy })
  await revokeToken(at.home, { token: 'revoked' })
  await at.home.close()
  const { folder } = at.home
  const open = () => openHome({ home: folder, env: {}, cwd: folder, interrupt: new AbortController().signal })
  await restoreStore(open(), { from: copy, discardNewer: false })
  const again = open()
  const tokens = await listTokens(again)
  expect(tokens.map(({ name, valid }) => [name, valid])).toEqual([
    ['kept', true],
    ['revoked', false],
  ])
  await again.close()
})
