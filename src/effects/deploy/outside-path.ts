/** What a path of `skeleton.outside` must look like: absolute, below a folder of the root, and in its normal form. */
export const OUTSIDE_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[^\p{Cc}/]+){2,}$/u
