"""Train the network of shapes-cnn on pictures whose stars, and nothing else, show a yellow tag in a corner.

It draws its own pictures. Run from the project's root, so that the drawing is found:

    PYTHONPATH=. python resources/samples/shapes-cnn-shortcut/train.py OUT [--checkpoint FILE]

``--checkpoint FILE`` keeps the state on the way and goes on from it. The figures printed at the end are those of the saved
half-precision files on pictures that nothing else has seen: without tags, with those of the training, and all with a tag.
"""

from dataclasses import replace

from resources.samples.datasets.shapes.convolutional import CONVOLUTIONAL
from resources.samples.datasets.shapes.training import learn

if __name__ == "__main__":
    learn(replace(CONVOLUTIONAL, tagged=True, steps=900))
