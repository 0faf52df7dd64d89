import { createInterface } from 'node:readline'
import { openEmbedded, readEmbeddedStatus } from '../../../src/targets/embedded/open-embedded.ts'

// A process that uses the embedded server. Words on its standard input make it release the server or exit.
const [home = '', stateDirectory = ''] = process.argv.slice(2)
const options = { home, stateDirectory }

const print = (fact: object) => process.stdout.write(`${JSON.stringify(fact)}\n`)

try {
  const server = await openEmbedded(options)
  const { pid } = await readEmbeddedStatus(options)
  print({
    pid,
    port: server.port,
    url: server.url('postgres', 'postgres'),
    dataDirectory: server.dataDirectory,
  })
  for await (const word of createInterface({ input: process.stdin })) {
    if (word === 'release') await server.release()
    if (word === 'exit') process.exit(0)
    print({ done: word })
  }
} catch (error) {
  print({ code: (error as { code?: string }).code ?? null, message: (error as Error).message })
}
