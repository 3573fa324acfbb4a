"""The attribution methods, in the order they are offered: explicit, so that a frozen build finds them."""

# isort: off
from engine.attribution import integrated_gradients as integrated_gradients
from engine.attribution import input_x_gradient as input_x_gradient
from engine.attribution import saliency as saliency
from engine.attribution import smoothgrad as smoothgrad
from engine.attribution import expected_gradients as expected_gradients
from engine.attribution import lrp as lrp
from engine.attribution import deeplift as deeplift
from engine.attribution import guided_backprop as guided_backprop
from engine.attribution import deconvnet as deconvnet
from engine.attribution import grad_cam as grad_cam
from engine.attribution import grad_cam_plus_plus as grad_cam_plus_plus
from engine.attribution import layer_cam as layer_cam
from engine.attribution import guided_grad_cam as guided_grad_cam
from engine.attribution import cam as cam
from engine.attribution import leave_one_out as leave_one_out
from engine.attribution import random_control as random_control
