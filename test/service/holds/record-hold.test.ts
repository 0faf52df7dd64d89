import { afterEach, describe, expect, test } from 'vitest'
import { liftHold } from '../../../src/service/holds/off.ts'
import { holdAll } from '../../../src/service/holds/on.ts'
import { releaseRun } from '../../../src/service/holds/release.ts'
import { readHold } from '../../../src/service/holds/status.ts'
import { openServiceHome, type ServiceHome } from '../../support/service-home.ts'

let opened: ServiceHome

afterEach(() => opened.remove())

function openHome(config?: string) {
  opened = openServiceHome(config)
  return opened.home
}

describe('the use cases of the hold', () => {
  test('holdAll records reason and operator, and readHold returns them', async () => {
    const home = openHome()
    const held = await holdAll(home, { reason: 'incident 12', by: 'alice' })
    expect(held).toMatchObject({ on: true, reason: 'incident 12', by: 'alice', released: [] })
    expect(await readHold(home)).toEqual(held)
  })

  test.each(['', ' '])('holdAll refuses the blank reason %j', async (reason) => {
    const home = openHome()
    await expect(holdAll(home, { reason })).rejects.toMatchObject({ code: 'USAGE' })
    expect(await readHold(home)).toMatchObject({ on: false })
  })

  test('liftHold refuses a user id that operates nothing here, although holdAll accepts it', async () => {
    const home = openHome('operators: { deploybot: uid:4242 }\n')
    await holdAll(home, { reason: 'incident 12' })
    await expect(liftHold(home, {})).rejects.toMatchObject({ code: 'OPERATOR_REFUSED' })
    expect(await readHold(home)).toMatchObject({ on: true })
  })

  test('releaseRun refuses an unknown run', async () => {
    await expect(releaseRun(openHome(), { run: 'ffff' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })
})
