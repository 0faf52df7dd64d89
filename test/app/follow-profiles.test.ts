import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { followConfig } from '../../src/app/config-file.ts'
import { followProfiles } from '../../src/app/follow-profiles.ts'

// `cutter serve` stays for months, and a scan by command reads profiles each time.

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'follow-profiles-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(home, name), text)
const profile = (name: string, heading: string) => `name: ${name}
version: "1"
extends: markdown
description: rules of the house
detect: { when: named }
levels:
  - { name: rule, code: RULE, role: leaf, headings: { la: ["${heading} {n}"] } }
leaves: [rule]
`
const follow = () => followProfiles(followConfig(home), home)
const heading = (found: readonly { levels: readonly object[] }[]) => JSON.stringify(found[0]?.levels)

describe('profiles that are followed', () => {
  beforeEach(() => {
    write('cutter.yaml', 'profiles: { house: ./house.yaml }\n')
    write('house.yaml', profile('house', 'Regula'))
  })

  test('are the same list until a file changes', async () => {
    const profiles = follow()
    expect(await profiles()).toBe(await profiles())
  })

  test('are those of a file that was written since', async () => {
    const profiles = follow()
    const before = await profiles()
    write('house.yaml', profile('house', 'Norma'))
    const after = await profiles()
    expect([heading(before), heading(after)]).toMatchObject([
      expect.stringContaining('Regula'),
      expect.stringContaining('Norma'),
    ])
    expect(after[0]!.version).not.toBe(before[0]!.version)
  })

  test('are those of a file that another one extends', async () => {
    write('cutter.yaml', 'profiles: { house: ./house.yaml, annexe: ./annexe.yaml }\n')
    write(
      'annexe.yaml',
      'name: annexe\nversion: "1"\nextends: house\ndescription: the annexe\ndetect: { when: named }\n',
    )
    const profiles = follow()
    const versionOf = async () => (await profiles()).find(({ name }) => name === 'annexe')!.version
    const before = await versionOf()
    write('house.yaml', profile('house', 'Norma'))
    expect(await versionOf()).not.toBe(before)
  })

  test('are those that cutter.yaml names now', async () => {
    const profiles = follow()
    await profiles()
    write('other.yaml', profile('other', 'Lex'))
    write('cutter.yaml', 'profiles: { other: ./other.yaml }\n')
    expect(new Set((await profiles()).map(({ name }) => name))).toEqual(new Set(['other']))
    write('cutter.yaml', '{}\n')
    expect(await profiles()).toEqual([])
  })

  test('are refused while a file is not valid, and read when it is again', async () => {
    const profiles = follow()
    const before = await profiles()
    write('house.yaml', 'name: [')
    await expect(profiles()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(profiles()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    rmSync(join(home, 'house.yaml'))
    await expect(profiles()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    write('house.yaml', profile('house', 'Regula'))
    expect(await profiles()).toEqual(before)
  })
})
