"""What benchmarks measure, and measure with, in one place: a name that moves breaks here, where types are checked."""

from __future__ import annotations

from latentlab.backbones.known_photographs import known
from latentlab.backbones.labelled import FaceSet, labelled
from latentlab.backbones.presets import Preset, preset
from latentlab.baselines.files import shipped as shipped_baselines
from latentlab.data.holdout import is_held_out
from latentlab.data.portraits import Portraits
from latentlab.directions import DISCOVERERS
from latentlab.directions.discoverer import Discoverer
from latentlab.directions.ganspace import GanSpace
from latentlab.directions.interfacegan import InterFaceGan
from latentlab.directions.joint import Joint
from latentlab.directions.library import SUFFIX, load_direction
from latentlab.editing.apply import apply
from latentlab.editing.calibrate import Calibrate, strength_for
from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.transfer import Scene
from latentlab.faces.align import align, cut
from latentlab.faces.detect import find_upright
from latentlab.faces.identity import best_threshold, distances, embed, floor, impostor_distance
from latentlab.faces.landmarks import aligned_landmarks, find_landmarks
from latentlab.faces.mask import square_mask
from latentlab.faces.paste import paste_back
from latentlab.faces.photo import face_in_photo
from latentlab.faces.steady import smooth
from latentlab.inversion.auto import Auto
from latentlab.inversion.descend import Descend
from latentlab.inversion.descent import Schedule
from latentlab.inversion.encode import Encode, encode, settle
from latentlab.inversion.inverter import Given, Inverter
from latentlab.inversion.objective import Objective
from latentlab.inversion.pivot import PivotalTuning
from latentlab.inversion.projector import Projector
from latentlab.inversion.refine import Refine
from latentlab.inversion.resize import resize
from latentlab.inversion.statistics import w_statistics
from latentlab.metrics.columns import correlation
from latentlab.metrics.compare import compare as compare_sets
from latentlab.metrics.compare import samples as draw_samples
from latentlab.metrics.features import dlib_space, scorer_space
from latentlab.metrics.leakage import (
    Evaluate,
    Evaluation,
    Responses,
    fresh_latents,
    leakage_replicas,
    slopes,
    spread_of,
)
from latentlab.metrics.truth import Carry, nearness
from latentlab.networks.build import build
from latentlab.networks.inference import Inference
from latentlab.networks.packed import Packed
from latentlab.networks.perceptual import DiscriminatorDistance, ms_ssim, mse
from latentlab.networks.sizes import channels_for
from latentlab.scorers import SCORERS
from latentlab.scorers.bank import Bank, bank_key, write_block
from latentlab.scorers.colour import Colour
from latentlab.scorers.geometry import Geometry
from latentlab.scorers.learned import read_twice
from latentlab.scorers.pose import fit_pose
from latentlab.scorers.targets import NAMES, targets_of
from latentlab.store.archive import Archive, read_story
from latentlab.studio.clips.clip import open_clip
from latentlab.studio.clips.ffmpeg import feeding
from latentlab.studio.clips.frames import read_frames
from latentlab.studio.discovery.counterfactuals import wished_pairs
from latentlab.studio.discovery.discover import filled_bank, unit_step
from latentlab.studio.discovery.pairs import Counterfactual, rendered_pairs
from latentlab.studio.portraits.carry import Carrier
from latentlab.studio.reports.evaluate import dlib_embedding, judge_words
from latentlab.studio.reports.population import confounders
from latentlab.studio.rivals.applications import Applications, Job, swap, toon
from latentlab.studio.rivals.baseline import Rival
from latentlab.studio.rivals.cases import TEST_SEED, Cases, shipped_cases
from latentlab.studio.rivals.figures import Measured, Measures, bootstrap
from latentlab.studio.rivals.photographs import as_asked
from latentlab.studio.shelf.companions import companions, find_distance, guide, judge, witness
from latentlab.studio.shelf.directions import find_direction
from latentlab.training.ema import follow
from latentlab.training.run import Run
from latentlab.training.trainer import Trainer
from latentlab.world.counterfactuals import WISHES, Wish
from latentlab.world.factors import Face, identity_factors
from latentlab.world.laws import HAIR_COLOURS, LIPSTICKS, SHADOWS, draw_faces
from latentlab.world.render import Renderer, load_renderer
from latentlab.world.tasks import TASKS, at_rest, task_pairs
