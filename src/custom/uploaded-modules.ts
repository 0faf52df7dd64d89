import { dirname, join } from 'node:path'

/** The folder of the modules that callers of the service uploaded as machines. */
export const uploadedModulesFolder = (home: string): string => join(home, 'var', 'uploaded-machines')

/** Whether a module is one that a caller uploaded. */
export const isUploadedModule = (home: string, path: string): boolean =>
  dirname(path) === uploadedModulesFolder(home)
