/** What is known of a clip's tracks; what cannot be read is left out. */
export interface Tracks {
  /** Of the first video track; missing where there is none. */
  video?: VideoTrack;
  hasSound: boolean;
}

export interface VideoTrack {
  /** By the names that ffmpeg uses: `h264`, `hevc`, `mpeg4`, … */
  codec: string;
  /** Pixels, as it is shown (after rotation). */
  width?: number;
  height?: number;
  /** Seconds from the first frame to the end of the last. */
  duration?: number;
  /** Frames per second; the average where it varies. */
  fps?: number;
}
