import { AttemptError, codeOfFault } from './attempt-error.ts'
import type { Letter } from './compose-message.ts'

interface Mail {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  url: string
  from: string
  to: string[]
  id: string
  letter: Letter
  /** How long each part of the exchange may take, in milliseconds. */
  ms: number
}

/**
 * Sends a message by e-mail. The id is the `Message-ID` of each attempt, so that a mailbox can tell repeated ones.
 * @throws AttemptError
 */
export async function sendMail({ url, from, to, id, letter, ms }: Mail): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    url,
    connectionTimeout: ms,
    greetingTimeout: ms,
    socketTimeout: ms,
    dnsTimeout: ms,
    // A message brings no file and no address that the server would read.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    const { title, link } = letter
    const host = from.slice(from.indexOf('@') + 1)
    await transport.sendMail({
      from,
      to,
      subject: title,
      text: `${title}\n\n${link}\n`,
      messageId: `<${id}@${host}>`,
    })
  } catch (error) {
    throw new AttemptError(`the mail server refused it: ${codeOfFault(error)}`)
  } finally {
    transport.close()
  }
}
