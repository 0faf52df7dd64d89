import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { cancelRun } from '../../../src/service/runs/cancel.ts'
import { listRuns } from '../../../src/service/runs/list.ts'
import { resumeRun } from '../../../src/service/runs/resume.ts'
import { findStartMachine } from '../../../src/service/runs/start-machine.ts'
import { openServiceHome, type ServiceHome } from '../../support/service-home.ts'

let opened: ServiceHome

afterEach(() => opened.remove())

function openHome() {
  opened = openServiceHome()
  return opened.home
}

describe('the use cases of runs', () => {
  test('resumeRun refuses to guess the run when neither a run nor an approval is given', async () => {
    await expect(resumeRun(openHome(), {})).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('resumeRun refuses an unknown approval', async () => {
    const resumed = resumeRun(openHome(), { approval: 'ap-unknown' })
    await expect(resumed).rejects.toMatchObject({ code: 'APPROVAL_NOT_FOUND' })
  })

  test('cancelRun refuses an unknown run before it reads the reason', async () => {
    const cancelled = cancelRun(openHome(), { run: 'ffff', reason: ' ' })
    await expect(cancelled).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  test.each([0, -1, 1.5, Number.NaN])('listRuns refuses the limit %d', async (limit) => {
    await expect(listRuns(openHome(), { limit })).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('findStartMachine describes the input of a shipped machine without opening the store', async () => {
    const home = openHome()
    const { name, fields, example } = await findStartMachine(home, 'cut')
    expect(name).toBe('cut')
    expect(fields.find((field) => field.name === 'document')).toMatchObject({ kind: 'text', required: true })
    expect(example).toContain('cutter run start cut')
    expect(existsSync(join(home.folder, 'var'))).toBe(false)
  })
})
