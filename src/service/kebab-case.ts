/** Turns `sourceVersion` into `source-version`, as options are named. */
export const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
