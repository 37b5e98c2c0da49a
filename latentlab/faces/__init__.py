"""From photo to aligned face and back: detection, landmarks, alignment, paste-back, identity."""
