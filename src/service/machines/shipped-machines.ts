/** The names of the machines that ship, for the help of doors. */
export { MACHINE_NAMES } from '../../builtin/registry.ts'
