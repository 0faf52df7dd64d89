/** Which statement of a message an error of the server belongs to. */
const failed = new WeakMap<object, number>()

/** Notes the number of the statement within its message, from 1. */
export const noteFailedStatement = (error: object, number: number): void => void failed.set(error, number)

/** The number of the statement that the server rejected within its message, from 1; undefined for other errors. */
export const failedStatementOf = (error: object): number | undefined => failed.get(error)
