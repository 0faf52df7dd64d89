import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { aStoreFile, removeFolders } from '../store/store-folders.ts'

afterAll(removeFolders)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** References that keep nothing alive by themselves, to all that a connection makes. */
function usedAndLeft(): WeakRef<object>[] {
  const db = connect(aStoreFile().file)
  const statement = db.prepare('select 1')
  db.pragma('user_version = 7')
  expect(db.pragma('user_version', { simple: true })).toBe(7)
  expect(db.pragma('user_version')).toEqual([{ user_version: 7 }])
  db.close()
  return [new WeakRef(db), new WeakRef(statement)]
}

test('connect keeps its objects from garbage collection, which aborts some versions of Node', async () => {
  const left = usedAndLeft()
  await new Promise((next) => setImmediate(next))
  collectGarbage()
  expect(left.map((one) => one.deref() !== undefined)).toEqual([true, true])
})
