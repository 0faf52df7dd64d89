export const doctor = async (_options: unknown) => 0
