"""Figures by what they are about; each function takes the rows that it is told of, so that a part can be measured alike."""
