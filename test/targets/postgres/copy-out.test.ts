import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyOut } from '../../../src/targets/postgres/copy-out.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

let cluster: Cluster
let client: pg.Client
beforeAll(async () => {
  cluster = await startCluster()
  client = new pg.Client({ connectionString: cluster.url() })
  await client.connect()
  await client.query(`create table words (id int primary key, word text);
    insert into words values (1, 'é'), (2, null), (3, E'a\\tb\\nc\\\\');
    create table nothing (id int)`)
})
afterAll(async () => {
  await client.end()
  await cluster.stop()
})

async function rowsOf(text: string): Promise<string[]> {
  const rows: string[] = []
  await copyOut(client, text, (row) => rows.push(row.toString()))
  return rows
}
const one = async () => (await client.query('select 1 as one')).rows

describe('copyOut', () => {
  test('gives each row as one message, in the text form of the server', async () => {
    expect(await rowsOf('copy words to stdout')).toEqual(['1\té\n', '2\t\\N\n', '3\ta\\tb\\nc\\\\\n'])
  })

  test('gives no row of an empty table', async () => {
    expect(await rowsOf('copy nothing to stdout')).toEqual([])
  })

  test('gives rows that are larger than a packet, and many of them', async () => {
    const rows = await rowsOf(`copy (select repeat('x', 100000) from generate_series(1, 50)) to stdout`)
    expect(rows.map(({ length }) => length)).toEqual(Array(50).fill(100_001))
  })

  test('rejects with the code of the server, and the connection stays usable', async () => {
    await expect(rowsOf('copy absent to stdout')).rejects.toMatchObject({ code: '42P01' })
    await expect(rowsOf('copy (select 1 / (id - 2) from words) to stdout')).rejects.toMatchObject({
      code: '22012',
    })
    expect(await one()).toEqual([{ one: 1 }])
  })

  test('rejects with the error of its reader after the last row, and the connection stays usable', async () => {
    let seen = 0
    const reading = copyOut(client, 'copy words to stdout', () => {
      seen += 1
      throw new Error('no more')
    })
    await expect(reading).rejects.toThrow('no more')
    expect(seen).toBe(1)
    expect(await one()).toEqual([{ one: 1 }])
  })
})
