"""Train a small ResNet that tells circles, crosses, rings, squares, stars and triangles apart.

It draws its own pictures. Run from the project's root, so that the drawing is found:

    PYTHONPATH=. python resources/samples/shapes-cnn/train.py OUT [--checkpoint FILE]

``--checkpoint FILE`` keeps the state on the way and goes on from it. The figures printed at the end are those of the saved
half-precision files on pictures that nothing else has seen.
"""

from resources.samples.datasets.shapes.convolutional import CONVOLUTIONAL
from resources.samples.datasets.shapes.training import learn

if __name__ == "__main__":
    learn(CONVOLUTIONAL)
