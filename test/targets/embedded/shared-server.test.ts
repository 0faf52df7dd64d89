import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readEmbeddedStatus } from '../../../src/targets/embedded/open-embedded.ts'
import { processStart } from '../../../src/targets/system/process-start.ts'
import { aHome, aUser, killUser, openServer, pidOf, query, releaseAll, until } from './embedded-homes.ts'

afterEach(releaseAll)

describe('a running embedded server', () => {
  test('openEmbedded adopts a running server, and only the last release stops it', async () => {
    const at = aHome()
    const first = await openServer(at)
    const pid = await pidOf(at)
    const second = await openServer(at)
    expect(await pidOf(at)).toBe(pid)
    expect(second.url('cutter_reader', 'a/b')).toBe(first.url('cutter_reader', 'a/b'))
    await first.release()
    await first.release()
    expect(await pidOf(at)).toBe(pid)
    await second.release()
    expect(await readEmbeddedStatus(at)).toMatchObject({ initialised: true, running: false })
  })

  test('the embedded server keeps its data and passwords when it is stopped', async () => {
    const at = aHome()
    const first = await openServer(at)
    await query(first, 'create table kept as select 42 as answer')
    await first.release()
    const second = await openServer(at)
    expect(second.passwords).toEqual(first.passwords)
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('processes share one server until the last of them releases it', async () => {
    const at = aHome()
    const [one, two] = [await aUser(at), await aUser(at)]
    const [first, second] = [await one.answer(), await two.answer()]
    expect(second.pid).toBe(first.pid)
    await one.say('release')
    expect(await pidOf(at)).toBe(first.pid)
    await two.say('release')
    expect(await pidOf(at)).toBeNull()
  })

  test('four processes that open at the same moment share one server', async () => {
    const at = aHome()
    const locks = join(at.home, 'var', 'locks')
    const four = await Promise.all([aUser(at), aUser(at), aUser(at), aUser(at)])
    const answers = await Promise.all(four.map((user) => user.answer()))
    expect(answers[0]!.pid).toEqual(expect.any(Number))
    expect(new Set(answers.map((answer) => answer.pid)).size).toBe(1)
    await Promise.all(four.map((user) => user.say('release')))
    expect(await pidOf(at)).toBeNull()
    expect(readdirSync(locks)).toEqual(['server.lock'])
  })

  test('the embedded server outlives a user killed with SIGKILL, who no longer counts', async () => {
    const at = aHome()
    const user = await aUser(at)
    const { pid } = await user.answer()
    await killUser(user)
    expect(await pidOf(at)).toBe(pid)
    const server = await openServer(at)
    expect(await pidOf(at)).toBe(pid)
    await server.release()
    expect(await pidOf(at)).toBeNull()
  })

  test('Ctrl-C in a user’s terminal does not reach the embedded server', async () => {
    const at = aHome()
    const user = await aUser(at, { detached: true })
    const { pid } = await user.answer()
    process.kill(-user.process.pid!, 'SIGINT')
    await user.ended
    const server = await openServer(at)
    expect(await pidOf(at)).toBe(pid)
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('the embedded server stops when its last user exits without a release', async () => {
    const at = aHome()
    const user = await aUser(at)
    const { pid } = await user.answer()
    await user.say('exit')
    await user.ended
    await until(() => processStart(pid as number) === null)
    expect(await pidOf(at)).toBeNull()
  })

  test('openEmbedded waits for a server that is stopping, and starts it again', async () => {
    const at = aHome()
    const user = await aUser(at)
    const { pid } = await user.answer()
    await user.say('exit')
    await user.ended
    const server = await openServer(at)
    expect(await pidOf(at)).not.toBe(pid)
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})
